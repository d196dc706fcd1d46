//! peer_id
