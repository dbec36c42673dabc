"""Made-up business: shoppers, orders, fraud, issuers, hard cases, months of history."""
