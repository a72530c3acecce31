"""Programs that come with the software: written as anybody would write one, and read by `explain` as any other."""
