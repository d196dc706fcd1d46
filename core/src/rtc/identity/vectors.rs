//! Keys of all four types, made and signed by other software (OpenSSL through Python's
//! `cryptography`, peer ids computed by hand). Each signature covers [`SIGNED`], so the same vectors
//! serve the identity and the Noise handshake with the static key 32 times 11.

/// A public key, its peer id, and its signature over [`SIGNED`].
pub(in crate::rtc) struct Vector {
    /// libp2p's protobuf, hex.
    pub(in crate::rtc) public_key: &'static str,
    /// Base58btc.
    pub(in crate::rtc) peer_id: &'static str,
    /// Hex.
    pub(in crate::rtc) signature: &'static str,
}

/// `noise-libp2p-static-key:` and the X25519 public key of the scalar 32 times 11.
pub(in crate::rtc) const SIGNED: &str = "6e6f6973652d6c69627032702d7374617469632d6b65793a7b4e909bbe7ffe44c465a220037d608ee35897d31e\
                 f972f07f74892cb0f73f13";

/// Seed 00..1f.
pub(in crate::rtc) const ED25519: Vector = Vector {
    public_key: "0801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8",
    peer_id: "12D3KooWA4Xop1JaT3MHxwYMkCepYsv4iPVopMXwCz5iHYdBfeSB",
    signature: "4695b9061d4513c39d09742ba3d1d3afa851b3996f5dcc9f5dd8c80975f25b050aed2961f3f16c14392ebf4fc5\
                 c8da3354182a5afc4577faa66c2b21f794190e",
};

/// Scalar 32 times 55, low S as BIP 62 demands.
pub(in crate::rtc) const SECP256K1: Vector = Vector {
    public_key: "08021221029ac20335eb38768d2052be1dbbc3c8f6178407458e51e6b4ad22f1d91758895b",
    peer_id: "16Uiu2HAm5qnMKTecNm8SGzYzRhtQAYsLzYp9GN61KpWDNPE6n1Sz",
    signature: "304402205f837828340e5f9219e8788b33f6041745bbee678667f03ecd1cfe281178122902201d2de4009f1e1a\
                 58a474274bbf3ecfd0737b096c518238bee4fc7601eeefb452",
};

/// The same signature with high S.
pub(in crate::rtc) const SECP256K1_HIGH_S: &str = "304502205f837828340e5f9219e8788b33f6041745bbee678667f03ecd1cfe2811781229022100e2d21bff60e1e5a75b8bd8b440c1302e4733d37a5dc6677cdad5e88ae1468cef";

/// P-256, scalar 32 times 66.
pub(in crate::rtc) const ECDSA: Vector = Vector {
    public_key: "0803125b3059301306072a8648ce3d020106082a8648ce3d030107034200040bbbc5e8bc84bd33d1d3ce03ffac\
                 9a747f4c1993fddb2ec93a4116a86f022a77c3c17191559a4c2a1aa57e79b8d1977da2c959172f478e341e2702\
                 8d69fffb7b",
    peer_id: "QmQTXkfjEyuqUfnhRWcbdagzNmV2528GzRuZoauUFx8tYM",
    signature: "3046022100be6a74e377d949ac4fa0149e4f1e5679724e7ef508c55d3248c13c9b7daa4e3e022100d615c1098a\
                 6501ccdfce35866a51683cb272bcc56163040f003588de5cbcff08",
};

/// 2048 bits.
pub(in crate::rtc) const RSA: Vector = Vector {
    public_key: "080012a60230820122300d06092a864886f70d01010105000382010f003082010a0282010100a7a3c170b7cc2d\
                 9a630bbc5e052d76bcf98340b7934190bb59edec8068385a5276de34d177365ff5f505ee861f19fc5fe10f9ea5\
                 44255034daaa5ba6db0b86737732d0dfa1d5b02858d28b203dafd1dc3500f9e46c6694bd47cdc7b9efb57442df\
                 bd63f5ce71c01b793fd583113213cb3b26e24f972aea9282b0a6fb727ac1dd2cada1fa2a1ff44f87cf42a1c2d9\
                 7d8c629f6eb248de79f10ce9006ce7150d2c7f1be3e735f49ac877e61fdf25cf4c3143335ec43485b58a6e564c\
                 063f14ab8a237daad6c47a45a2cafb136afbdbabdfe9bd6ccb3b9e902c9c5b9d732326011e5540b7252c7a2a85\
                 8550dd8245d546acf6a41680e2cfad18f2101a7791ab7b5d0203010001",
    peer_id: "QmdQriNNKvNwbS3dom6jG13CoMudqTj9XqTE6qrnRBLVwh",
    signature: "34c7dab129b77b531e7b0456e3f14047a2a8bec7982af6c76013cd47fb16c92689ab36a6e27c1c97e2bcf0ab2d\
                 e74ee99a8b12dd4dd60fd00ea2d47cf8734cc6999fcfbe8a226e68be7514660282eb6464ee8a7152923ff473fc\
                 7a1b30678038f1cfc6a6ce08c4574110b964eb021b24a200dc37159effe5aa58ef65d7e7a78333e5998ee6e044\
                 cdfeb756d3f10a0e2baac414b15de36b22fa612390deedcc74ff08478ad413c0f6bd3130dacf6ebd18b42dfc5c\
                 8a35429979639ff05d3e6dc6ca28213d1625927821b2b2cd20ceb5bfaf419a1ca1c586bc1743af781c511e7c34\
                 aa5c644096d22501f1e4b3e3c947c510b5de48054d28be03096034b17cca3a",
};

/// A P-384 key, which we do not speak.
pub(in crate::rtc) const P384_PUBLIC_KEY: &str = "080312783076301006072a8648ce3d020106052b810400220362000446d978803e61c13b091f50fe8f24c1daf4\
                 a9e3b1c1b4868308c6b2733f6586bace5744c6c8a7b7a3976d41956f729a926b64ecc56c94b86541c344b95245\
                 4a16d37da53818d1d38caa4ff97999ebd93a8182023de4bcf9d7697ecd35dbc8c1fc";
