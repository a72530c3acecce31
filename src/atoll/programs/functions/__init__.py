"""The functions that programs call, by family, with the names of the Python array API standard where it has one."""
