"""Special functions and quadrature that the families share."""
