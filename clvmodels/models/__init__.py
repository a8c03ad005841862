"""What a user holds: PurchaseModel, SpendModel, CLVModel, and their saved files."""
