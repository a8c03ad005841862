"""Measures of a forecast, pure functions of arrays with one entry a customer, and the catalogue of them."""
