"""Three compute nodes over the product's own transport, and the peers beside them."""
