package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheCommittedDescriptionIsThatOfTheLibrary(t *testing.T) {
	committed, err := os.ReadFile("../../host/rpc/api/description.json")
	if err != nil {
		t.Fatal(err)
	}
	var described bytes.Buffer
	if err := describe(&described); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, described.Bytes()) {
		t.Fatal("the description has changed: run `cargo xtask api --describe`")
	}
}
