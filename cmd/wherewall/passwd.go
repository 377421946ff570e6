package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/xdg-go/scram"
	"golang.org/x/term"
)

// passwdCmd makes a verifier: what the policy keeps instead of a password.
type passwdCmd struct{}

// PostgreSQL's own defaults, so that a verifier is as good as one of `\password`.
const (
	scramIterations = 4096
	scramSaltLength = 16 // bytes
)

// Run reads a password and prints its verifier.
func (passwdCmd) Run(std *streams) error {
	password, err := readPassword(std)
	if err != nil {
		return err
	}
	salt := make([]byte, scramSaltLength)
	_, _ = rand.Read(salt) // It never fails: it ends the process rather.
	line, err := verifier(password, salt)
	if err != nil {
		return err
	}
	fmt.Fprintln(std.out, line)
	return nil
}

// readPassword asks twice on a terminal, without showing what is typed, and else takes one line.
func readPassword(std *streams) (string, error) {
	if !isTerminal(std.in) {
		line, err := bufio.NewReader(std.in).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		return checkPassword(strings.TrimRight(line, "\r\n"))
	}
	first, err := ask(std, "Password: ")
	if err != nil {
		return "", err
	}
	second, err := ask(std, "Again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords differ")
	}
	return checkPassword(first)
}

func ask(std *streams, prompt string) (string, error) {
	fmt.Fprint(std.err, prompt)
	typed, err := term.ReadPassword(int(std.in.(*os.File).Fd()))
	fmt.Fprintln(std.err)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(typed), nil
}

func checkPassword(password string) (string, error) {
	switch {
	case password == "":
		return "", errors.New("the password is empty")
	case strings.ContainsRune(password, 0):
		return "", errors.New("the password has a NUL byte, which no client can send")
	}
	return password, nil
}

// verifier is PostgreSQL's form of a SCRAM-SHA-256 password. A password that SASLprep refuses is taken as it is, as
// PostgreSQL and its clients do.
func verifier(password string, salt []byte) (string, error) {
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		if client, err = scram.SHA256.NewClientUnprepped("", password, ""); err != nil {
			return "", fmt.Errorf("preparing the password: %w", err)
		}
	}
	keys, err := client.GetStoredCredentialsWithError(scram.KeyFactors{Salt: string(salt), Iters: scramIterations})
	if err != nil {
		return "", fmt.Errorf("deriving the verifier: %w", err)
	}
	text := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, text(salt), text(keys.StoredKey), text(keys.ServerKey)), nil
}
