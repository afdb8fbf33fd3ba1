//! Wire formats into points and columns: pure bytes in, plain data out.
