package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/wire"
)

const (
	// certificatePoll is how often the files are read to see whether they have changed. It is their contents that count: what replaces
	// them may be a link, as in Kubernetes, or keep their time.
	certificatePoll = 5 * time.Second
	// renewal is how long before its end a certificate should have been replaced.
	renewal = 14 * 24 * time.Hour
)

// certificates keeps what connections are encrypted with. All the files make one value: those that do not fit each other replace nothing.
type certificates struct {
	flags tlsFlags
	log   zerolog.Logger

	current atomic.Pointer[wire.TLS] // read by every login, written by load and look

	mu   sync.Mutex        // load may be asked for while look is at it
	seen [sha256.Size]byte // the digest of the files that were looked at last
}

// newCertificates reads the files. There are none without TLS.
func newCertificates(f tlsFlags, log zerolog.Logger) (*certificates, error) {
	if f.encryption() == wire.EncryptionOff {
		return nil, nil
	}
	c := &certificates{flags: f, log: log}
	return c, c.load(context.Background())
}

// configure tells the wire.
func (c *certificates) configure(config *wire.Config) {
	config.Encryption, config.ClientCertificate, config.TLS = c.flags.encryption(), c.flags.needs(), c.current.Load
}

// load reads the files anew and takes them over where they are whole and fit each other.
func (c *certificates) load(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	files, err := c.read()
	if err != nil {
		return err
	}
	c.seen = files.digest()
	return c.adopt(files)
}

// look is load where something has changed since the last time; what is at fault is told once.
func (c *certificates) look() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	files, err := c.read()
	digest := files.digest()
	if digest == c.seen {
		return nil
	}
	c.seen = digest
	if err != nil {
		return err
	}
	return c.adopt(files)
}

// keep looks every so often, in the background, until what it returns is called.
func (c *certificates) keep(every time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { c.watch(ctx, every) })
	return func() {
		cancel()
		watching.Wait()
	}
}

// watch looks until ctx ends.
func (c *certificates) watch(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := c.look(); err != nil {
			c.log.Error().Err(err).Msg("reload failed: the former certificate stays in force")
		}
	}
}

func (c *certificates) adopt(files tlsFiles) error {
	made, leaf, err := files.make(c.flags)
	if err != nil {
		return err
	}
	c.current.Store(made)
	c.log.Info().Stringer("subject", leaf.Subject).Stringer("issuer", leaf.Issuer).Time("expires", leaf.NotAfter).
		Bool("channel_binding", made.Binds()).Bool("client_certificates", c.flags.TLSClientCA != "").Msg("certificates in force")
	if left := time.Until(leaf.NotAfter); left < renewal {
		c.log.Warn().Time("expires", leaf.NotAfter).Msg("the server's certificate has expired, or soon will")
	}
	return nil
}

// tlsFiles are the contents of the files, read at once.
type tlsFiles struct{ certificate, key, authorities, revoked, users []byte }

// read reads all files that are named. Those that can be read are there beside the error, for their digest.
func (c *certificates) read() (tlsFiles, error) {
	var files tlsFiles
	var failed error
	for _, one := range []struct {
		flag, path string
		to         *[]byte
	}{
		{"--tls-cert", c.flags.TLSCert, &files.certificate},
		{"--tls-key", c.flags.TLSKey, &files.key},
		{"--tls-client-ca", c.flags.TLSClientCA, &files.authorities},
		{"--tls-crl", c.flags.TLSCRL, &files.revoked},
		{"--client-map", c.flags.ClientMap, &files.users},
	} {
		if one.path == "" {
			continue
		}
		text, err := os.ReadFile(one.path)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", one.flag, err))
			text = []byte("?")
		}
		*one.to = text
	}
	return files, failed
}

func (f tlsFiles) digest() [sha256.Size]byte {
	hash := sha256.New()
	for _, text := range [][]byte{f.certificate, f.key, f.authorities, f.revoked, f.users} {
		one := sha256.Sum256(text)
		hash.Write(one[:])
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// make puts the files together. It is all or nothing.
func (f tlsFiles) make(flags tlsFlags) (*wire.TLS, *x509.Certificate, error) {
	pair, err := tls.X509KeyPair(f.certificate, f.key)
	if err != nil {
		return nil, nil, fmt.Errorf("--tls-cert %s and --tls-key %s: %w", flags.TLSCert, flags.TLSKey, explained(err, f.key))
	}
	o := wire.TLSOptions{Certificate: pair, Minimum: flags.minimum()}
	if flags.TLSClientCA != "" {
		if o.ClientCAs, err = authorities(f.authorities); err != nil {
			return nil, nil, fmt.Errorf("--tls-client-ca %s: %w", flags.TLSClientCA, err)
		}
	}
	if flags.TLSCRL != "" {
		if o.Revoked, err = revocationLists(f.revoked); err != nil {
			return nil, nil, fmt.Errorf("--tls-crl %s: %w", flags.TLSCRL, err)
		}
	}
	if o.Users, err = f.usersOf(flags); err != nil {
		return nil, nil, fmt.Errorf("--client-map: %w", err)
	}
	made, err := wire.NewTLS(o)
	return made, pair.Leaf, err
}

// usersOf is the map of certificates to users.
func (f tlsFiles) usersOf(flags tlsFlags) (*wire.CertificateMap, error) {
	name := wire.CommonName
	if flags.ClientName == "dn" {
		name = wire.DistinguishedName
	}
	if flags.ClientMap == "" {
		return wire.NewCertificateMap(name), nil
	}
	return wire.ParseCertificateMap(flags.ClientMap, string(f.users), name)
}

// explained says more where a key cannot be read because it needs a password.
func explained(err error, key []byte) error {
	if bytes.Contains(key, []byte("ENCRYPTED")) {
		return fmt.Errorf("the key is encrypted; `openssl pkey` writes it without its password: %w", err)
	}
	return err
}

// authorities reads certificates. Nothing is skipped: an authority that cannot be read would be missed when its clients come.
func authorities(text []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), 0
	err := eachBlock(text, "CERTIFICATE", func(raw []byte) error {
		c, err := x509.ParseCertificate(raw)
		if err != nil {
			return err
		}
		pool.AddCert(c)
		found++
		return nil
	})
	if err == nil && found == 0 {
		err = errors.New("no certificate is in it")
	}
	return pool, err
}

func revocationLists(text []byte) ([]*x509.RevocationList, error) {
	var lists []*x509.RevocationList
	err := eachBlock(text, "X509 CRL", func(raw []byte) error {
		list, err := x509.ParseRevocationList(raw)
		lists = append(lists, list)
		return err
	})
	if err == nil && len(lists) == 0 {
		err = errors.New("no list is in it")
	}
	return lists, err
}

// eachBlock goes through the blocks of a PEM file, which must all be of one kind.
func eachBlock(text []byte, kind string, use func([]byte) error) error {
	for {
		var block *pem.Block
		block, text = pem.Decode(text)
		switch {
		case block == nil && bytes.Contains(text, []byte("-----BEGIN")):
			return errors.New("a block is damaged")
		case block == nil:
			return nil
		case block.Type != kind:
			return fmt.Errorf("a block of kind %q, where %q is expected", block.Type, kind)
		}
		if err := use(block.Bytes); err != nil {
			return fmt.Errorf("reading a block of kind %q: %w", kind, err)
		}
	}
}

// readableKey is a key that other accounts of this machine may read.
func (f *tlsFlags) readableKey() []weakness {
	info, err := os.Stat(f.TLSKey)
	if f.TLSKey == "" || err != nil || info.Mode().Perm()&0o027 == 0 {
		return nil
	}
	return []weakness{{
		"tls_key_readable", fmt.Sprintf("the key %s may be read or changed by other accounts (its mode is %04o)", f.TLSKey, info.Mode().Perm()),
		"chmod 0600, or 0640 where it belongs to root",
	}}
}
