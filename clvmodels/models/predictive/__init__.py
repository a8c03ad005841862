"""What the future may bring: distributions of purchases, spend and value, of each customer and of all together."""
