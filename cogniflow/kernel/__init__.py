"""What an entity, a field and an operation are; every other room derives its part from these."""
