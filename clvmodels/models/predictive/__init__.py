"""What the future may bring, with what is not known about parameters, customers and chance."""
