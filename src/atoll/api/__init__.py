"""What node and client say to each other: request and response models and the list of routes. No I/O here."""
