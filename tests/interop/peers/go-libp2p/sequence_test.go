package main

import (
	"bytes"
	"encoding/hex"
	"testing"
)

func TestTheSequenceBeginsAsTheContractSays(t *testing.T) {
	start := make([]byte, 16)
	new(sequence).fill(start)
	if got := hex.EncodeToString(start); got != "0e2fca92f3e3d63ccc7d141bbf1d084c" {
		t.Fatal(got)
	}
	sum := newTally()
	sum.addSequence(1024)
	if got := sum.sha256(); got != "a22a86d95bc18405f68ed5a0254053fb83df32ac0cf750910e741540c9f0ee96" {
		t.Fatal(got)
	}
}

func TestALostByteIsSeenWhereItIsMissing(t *testing.T) {
	whole := make([]byte, 1000)
	new(sequence).fill(whole)
	if err := new(sequence).check(whole); err != nil {
		t.Fatal(err)
	}
	cut := bytes.Join([][]byte{whole[:500], whole[501:]}, nil)
	if new(sequence).check(cut) == nil {
		t.Fatal("nothing was missed")
	}
}
