"""The catalogue: cards checked before they are published, and found again by what they say. Pure; the index stands in
`atoll.storage.catalogue`."""
