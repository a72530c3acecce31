// Command ics23 judges ICS 23 proofs with github.com/cosmos/ics23/go, which nobody here wrote.
//
// Standard input holds one JSON object a line, byte strings in hexadecimal:
//
//	{"spec": "smt" | "smt_hashed" | "tendermint", "root": "..", "key": "..", "value": ".." | null, "proof": ".."}
//
// A null value asks for absence. Each line is answered with `accepted` or `refused`; a line that cannot be read ends the program.
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"os"

	ics23 "github.com/cosmos/ics23/go"
)

const maxLineBytes = 1 << 22

type hexBytes []byte

func (b *hexBytes) UnmarshalText(text []byte) error {
	data, err := hex.DecodeString(string(text))
	*b = data
	return err
}

type claim struct {
	Spec  string    `json:"spec"`
	Root  hexBytes  `json:"root"`
	Key   hexBytes  `json:"key"`
	Value *hexBytes `json:"value"`
	Proof hexBytes  `json:"proof"`
}

// smtHashedSpec is the state tree as outsiders see it: keys are hashes already, and are compared as they are.
func smtHashedSpec() *ics23.ProofSpec {
	spec, leaf := *ics23.SmtSpec, *ics23.SmtSpec.LeafSpec
	leaf.PrehashKey = ics23.HashOp_NO_HASH
	leaf.Length = ics23.LengthOp_REQUIRE_32_BYTES
	spec.LeafSpec = &leaf
	spec.PrehashKeyBeforeComparison = false
	return &spec
}

// isAccepted says what the module makes of a claim; a verifier that panics has not accepted.
func isAccepted(spec *ics23.ProofSpec, c claim) (accepted bool) {
	defer func() {
		if recover() != nil {
			accepted = false
		}
	}()
	var proof ics23.CommitmentProof
	if proof.Unmarshal(c.Proof) != nil {
		return false
	}
	if c.Value == nil {
		return ics23.VerifyNonMembership(spec, ics23.CommitmentRoot(c.Root), &proof, c.Key)
	}
	return ics23.VerifyMembership(spec, ics23.CommitmentRoot(c.Root), &proof, c.Key, *c.Value)
}

func main() {
	specs := map[string]*ics23.ProofSpec{"smt": ics23.SmtSpec, "smt_hashed": smtHashedSpec(), "tendermint": ics23.TendermintSpec}
	output := bufio.NewWriter(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		var c claim
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		spec, known := specs[c.Spec]
		if !known {
			log.Fatalf("there is no spec %q", c.Spec)
		}
		if isAccepted(spec, c) {
			fmt.Fprintln(output, "accepted")
		} else {
			fmt.Fprintln(output, "refused")
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	if err := output.Flush(); err != nil {
		log.Fatal(err)
	}
}
