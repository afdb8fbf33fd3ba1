//! The StarRocks RESTful standard.
