"""How the company looks: on screens and on documents."""
