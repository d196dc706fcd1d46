//! Stands in for `Endpoint::dial_private` until the driver has it. Dropped with the merge of `drv`.

use futures::io::{AsyncRead, AsyncWrite};

use super::{Connection, DialError, Endpoint};
use crate::peer_id::PeerId;

impl Endpoint {
    /// To come.
    ///
    /// # Errors
    ///
    /// Always.
    pub async fn dial_private<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        &self,
        stream: S,
        _peer: PeerId,
    ) -> Result<Connection, DialError> {
        drop(stream);
        Err(DialError::EndpointClosed)
    }

    /// To come.
    ///
    /// # Errors
    ///
    /// Always.
    pub async fn accept_private<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(
        &self,
        stream: S,
        _peer: PeerId,
    ) -> Result<Connection, DialError> {
        drop(stream);
        Err(DialError::EndpointClosed)
    }
}
