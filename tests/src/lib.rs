//! The workshop: what floe's tests share.
