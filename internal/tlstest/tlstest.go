// Package tlstest makes certificates for tests: authorities of their own, and what they sign.
package tlstest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Authority signs certificates.
type Authority struct {
	Certificate *x509.Certificate
	key         crypto.Signer
}

// New makes an authority with a name.
func New(t testing.TB, name string) *Authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: serial(t), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage:  x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	return &Authority{Certificate: sign(t, template, template, key.Public(), key), key: key}
}

// Pool is a pool of this authority alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate)
	return pool
}

// Server signs a certificate for localhost and 127.0.0.1.
func (a *Authority) Server(t testing.TB) tls.Certificate {
	t.Helper()
	return a.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}})
}

// Client signs a certificate with a common name.
func (a *Authority) Client(t testing.TB, name string) tls.Certificate {
	t.Helper()
	return a.Sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}})
}

// Sign completes a template where it says nothing, and signs it: for an hour, for localhost and 127.0.0.1, for servers and clients.
func (a *Authority) Sign(t testing.TB, template *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	complete(t, template)
	c := sign(t, template, a.Certificate, key.Public(), a.key)
	return tls.Certificate{Certificate: [][]byte{c.Raw, a.Certificate.Raw}, PrivateKey: key, Leaf: c}
}

// Revoke lists certificates as void, until a time.
func (a *Authority) Revoke(t testing.TB, until time.Time, void ...tls.Certificate) *x509.RevocationList {
	t.Helper()
	template := &x509.RevocationList{Number: serial(t), ThisUpdate: until.Add(-2 * time.Hour), NextUpdate: until}
	for _, c := range void {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: c.Leaf.SerialNumber, RevocationTime: template.ThisUpdate,
		})
	}
	raw, err := x509.CreateRevocationList(rand.Reader, template, a.Certificate, a.key)
	require.NoError(t, err)
	list, err := x509.ParseRevocationList(raw)
	require.NoError(t, err)
	return list
}

// SelfSigned is a server's certificate that it signed itself, by an algorithm.
func SelfSigned(t testing.TB, by x509.SignatureAlgorithm) tls.Certificate {
	t.Helper()
	var key crypto.Signer
	var err error
	switch by {
	case x509.PureEd25519:
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "localhost"}, SignatureAlgorithm: by, IsCA: true, BasicConstraintsValid: true}
	complete(t, template)
	c := sign(t, template, template, key.Public(), key)
	return tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: key, Leaf: c}
}

func complete(t testing.TB, template *x509.Certificate) {
	t.Helper()
	template.SerialNumber = serial(t)
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	template.DNSNames, template.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
	if template.ExtKeyUsage == nil {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
}

func sign(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	t.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	require.NoError(t, err)
	c, err := x509.ParseCertificate(raw)
	require.NoError(t, err)
	return c
}

func serial(t testing.TB) *big.Int {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	require.NoError(t, err)
	return n
}

// Write writes a certificate's chain to NAME.crt and its key to NAME.key in a folder, and returns the two paths.
func Write(t testing.TB, folder, name string, c tls.Certificate) (certificate, key string) {
	t.Helper()
	certificate, key = filepath.Join(folder, name+".crt"), filepath.Join(folder, name+".key")
	require.NoError(t, os.WriteFile(certificate, PEM(c.Certificate...), 0o644))
	raw, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	return certificate, key
}

// WriteAuthority writes an authority's certificate to NAME.crt in a folder, and returns the path.
func (a *Authority) WriteAuthority(t testing.TB, folder, name string) string {
	t.Helper()
	path := filepath.Join(folder, name+".crt")
	require.NoError(t, os.WriteFile(path, PEM(a.Certificate.Raw), 0o644))
	return path
}

// PEM encodes certificates.
func PEM(raw ...[]byte) []byte {
	var b []byte
	for _, r := range raw {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r})...)
	}
	return b
}

// ListPEM encodes a list of revoked certificates.
func ListPEM(list *x509.RevocationList) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list.Raw})
}
