//go:build wasip1 && go1.26

package net

import "context"

const noCanonicalNames = "the host tells no canonical names"

func cgoLookupCNAME(ctx context.Context, name string) (string, error) {
	return "", &DNSError{Err: noCanonicalNames, Name: name}
}
