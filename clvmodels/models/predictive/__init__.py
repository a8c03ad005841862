"""What the future may bring: distributions of purchases and money, customer by customer and in total."""
