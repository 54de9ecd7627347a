//! What is fuzzed, on inputs that were cut or damaged in one place: so the fuzz targets build, and hold for a start.

use crate::fuzz;

/// Something for each of them.
const INPUTS: &[&[u8]] = &[
    b"request=smtpd_access_policy\nprotocol_state=RCPT\nclient_address=203.0.113.7\nrecipient=b@example.org\n\n",
    b"18:postern 203.0.113.7,23:postern 2001:db8:7::1:2:3,",
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x017\x03113\x010\x03203\x02bl\x04test\x00\x00\x01\x00\x01",
    b"Received: from a.example (a.example [203.0.113.7])\r\n by mx.example.org with ESMTPS id 4Xy;\r\n Thu, 1 May 2025 10:11:12 +0200\r\n\
      From: =?utf-8?q?J=C3=BCrgen?= <a@example.com>\r\nTo: b@example.org\r\nDate: Thu, 1 May 2025 10:11:10 +0200\r\n\r\nText\r\n",
    b"May  1 10:11:12 mx postfix/smtp[7]: 4Xy: to=<b@example.org>, relay=mx.example.org[198.51.100.1]:25, dsn=5.7.1, status=bounced \
      (host mx.example.org[198.51.100.1] said: 554 5.7.1 [203.0.113.7] blocked, see https://portal.example/c/7Q2M4X9K3D5P (in reply to RCPT TO command))\n",
    b"{\"event\":\"bounce\",\"ip\":\"203.0.113.7\",\"reason\":\"550 5.1.1 no such user\",\"email\":\"b@example.org\"}",
];

/// An input as it is, cut behind each byte, and with each byte turned round.
fn damaged(input: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let turned =
        |at: usize, by: u8| input.iter().enumerate().map(|(n, byte)| byte ^ (by * u8::from(n == at))).collect();
    (0..=input.len())
        .map(|end| input[..end].to_vec())
        .chain((0..input.len()).flat_map(move |at| [0x20, 0xff].map(|by| turned(at, by))))
}

#[test]
fn what_is_fuzzed_holds_for_damaged_inputs() {
    for target in [fuzz::evidence, fuzz::header, fuzz::policy, fuzz::socketmap, fuzz::dnsbl] {
        INPUTS.iter().flat_map(|input| damaged(input)).for_each(|input| target(&input));
    }
}
