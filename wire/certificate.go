package wire

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"time"
)

// owns says whether the client's certificate is a user's. There is no doubt about who signed it: only a certificate that an authority
// vouches for is kept.
func (s *secured) owns(user string) bool {
	if s == nil || s.certificate == nil {
		return false
	}
	if s.by.users != nil {
		return s.by.users.owns(s.certificate, user)
	}
	name, ok := commonName(s.certificate)
	return ok && name == user
}

// wrongCertificate is what a client is told whose certificate does not let it in. It is the same whether there is no such user or the
// certificate is somebody else's. There is one: without, a client does not get here.
func (h *handshake) wrongCertificate(login string) *failure {
	return &failure{
		state: stateAuthorization, message: fmt.Sprintf("certificate authentication failed for user %q", login),
		reason: "the certificate is not the user's: " + distinguishedName(h.secured.certificate),
	}
}

// commonName is the subject's only common name. Which of several counts, or where one with a NUL in it ends, is read differently by
// different programs.
func commonName(c *x509.Certificate) (string, bool) {
	name, found := "", 0
	for _, attribute := range c.Subject.Names {
		if attribute.Type.Equal(asn1.ObjectIdentifier{2, 5, 4, 3}) {
			name, _ = attribute.Value.(string)
			found++
		}
	}
	return name, found == 1 && name != "" && printableName(name)
}

// distinguishedName is the subject as RFC 2253 writes it, in the order that the certificate has; empty where it cannot be read.
func distinguishedName(c *x509.Certificate) string {
	var name pkix.RDNSequence
	if rest, err := asn1.Unmarshal(c.RawSubject, &name); err != nil || len(rest) > 0 {
		return ""
	}
	return name.String()
}

// revocations are the authorities' lists of certificates that are void.
type revocations []*x509.RevocationList

// whole refuses lists that are not of all that an authority has revoked: what has changed since another list, or a part of its certificates. They
// say so by an extension that nobody may pass over (RFC 5280, 5.2).
func (r revocations) whole() error {
	for _, list := range r {
		for _, e := range list.Extensions {
			if e.Critical {
				return fmt.Errorf("the list of revoked certificates of %s is one of a part of them, or says something that is not understood (%s): its whole list is needed",
					list.Issuer, e.Id)
			}
		}
	}
	return nil
}

var errRevoked = errors.New("certificate revoked")

// check is for tls.Config.VerifyPeerCertificate: one of the chains that lead to an authority must be free of void certificates.
func (r revocations) check(_ [][]byte, chains [][]*x509.Certificate) error {
	if len(chains) == 0 {
		return nil // no certificate was shown
	}
	var err error
	for _, chain := range chains {
		if err = r.checkChain(chain, time.Now()); err == nil {
			return nil
		}
	}
	return err
}

// checkChain looks at every certificate but the last, which is trusted because the operator says so.
func (r revocations) checkChain(chain []*x509.Certificate, now time.Time) error {
	for i := 1; i < len(chain); i++ {
		if err := r.checkOne(chain[i-1], chain[i], now); err != nil {
			return err
		}
	}
	return nil
}

func (r revocations) checkOne(c, issuer *x509.Certificate, now time.Time) error {
	known := false
	for _, list := range r {
		if !bytes.Equal(list.RawIssuer, issuer.RawSubject) || list.CheckSignatureFrom(issuer) != nil {
			continue
		}
		if now.Before(list.ThisUpdate) || !now.Before(list.NextUpdate) {
			continue
		}
		known = true
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(c.SerialNumber) == 0 {
				return fmt.Errorf("%w: serial number %s", errRevoked, c.SerialNumber)
			}
		}
	}
	if !known {
		return fmt.Errorf("no list of revoked certificates of %s is up to date", issuer.Subject)
	}
	return nil
}
