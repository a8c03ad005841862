"""From a log or a saved model to one scored row a customer."""
