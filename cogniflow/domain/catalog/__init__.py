"""What is bought and sold: categories, products, their suppliers."""
