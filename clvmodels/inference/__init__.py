"""How parameters are found: merged patterns, maximum likelihood, and an honest verdict."""
