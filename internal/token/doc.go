// Package token says who a JSON Web Token (RFC 7519) speaks for, if it is a good one.
//
// It promises:
//
//   - A token is good only by a signature of a public key that the configured issuer publishes (RFC 7517), of a kind and strength from
//     an allow-list. Nothing in a token chooses how it is judged but the name of the key.
//   - Issuer, audience and times are checked, and a token without an end is none.
//   - Verify never waits: keys are fetched in the background. Where no key is known, no token is good.
//   - Errors hold nothing of a token's text.
package token
