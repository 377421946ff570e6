package pgtemp

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// maxUnpacked bounds what an archive may grow to, in bytes. PostgreSQL's programs take about 80 MB.
const maxUnpacked = 1 << 30

// unpack writes an archive's regular files below dir. os.Root keeps every path inside; entries of other kinds are
// refused, since npm's archives have none.
func unpack(archive, dir string) error {
	f, err := os.Open(archive)
	if err != nil {
		return fmt.Errorf("opening the archive: %w", err)
	}
	defer f.Close()
	zipped, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("unpacking: %w", err)
	}
	defer root.Close()
	files := tar.NewReader(io.LimitReader(zipped, maxUnpacked))
	for {
		head, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpacking: %w", err)
		}
		if err := unpackEntry(root, head, files); err != nil {
			return fmt.Errorf("unpacking %s: %w", head.Name, err)
		}
	}
}

func unpackEntry(root *os.Root, head *tar.Header, content io.Reader) error {
	switch head.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(head.Name, 0o755)
	case tar.TypeReg:
	default:
		return fmt.Errorf("entry of kind %q", head.Typeflag)
	}
	if err := root.MkdirAll(filepath.Dir(head.Name), 0o755); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if head.Mode&0o111 != 0 || filepath.Base(filepath.Dir(head.Name)) == "bin" {
		mode = 0o755
	}
	f, err := root.OpenFile(head.Name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	return errors.Join(err, f.Close())
}
