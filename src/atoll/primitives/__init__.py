"""Mathematics over the native core: groups, signatures, sealing, trees, commitments. Nothing here does I/O."""
