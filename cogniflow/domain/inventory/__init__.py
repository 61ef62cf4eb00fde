"""Where stock is: warehouses, the ledger of movements, the balances."""
