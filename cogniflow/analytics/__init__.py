"""Every panel, declared once: its query, its parameters, who may see it, the tables it reads."""
