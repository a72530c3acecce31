// Command sumdb judges published logs with golang.org/x/mod/sumdb/{note,tlog}, the code behind Go's own checksum database.
//
// Standard input holds one JSON object a line (see claim). Each is answered with `accepted` or `refused`; a line that cannot be
// read ends the program. A log is accepted when its checkpoint carries a good signature of the log and of every witness named,
// every tile leads to its root, every entry has the leaf hash that the tiles say, and every proof beside it holds.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strings"

	checkpoints "github.com/transparency-dev/formats/log"
	keys "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight   = 8
	tileWidth    = 1 << tileHeight
	maxLineBytes = 1 << 24
)

type recordProof struct {
	Index int64    `json:"index"`
	Proof [][]byte `json:"proof"`
}

type claim struct {
	Folder    string        `json:"folder"`
	Origin    string        `json:"origin"`
	Log       string        `json:"log"`
	Witnesses []string      `json:"witnesses"`
	OldSize   int64         `json:"old_size"`
	OldRoot   []byte        `json:"old_root"`
	Growth    [][]byte      `json:"growth"`
	Records   []recordProof `json:"records"`
}

// verify returns why a claim is refused.
func verify(c claim) error {
	size, root, err := verifyCheckpoint(c)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tiles{c.Folder})
	for index := range (size + tileWidth - 1) / tileWidth {
		if err := verifyBundle(c.Folder, hashes, size, index); err != nil {
			return err
		}
	}
	for _, record := range c.Records {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, record.Index)})
		if err != nil {
			return err
		}
		proof, err := toHashes(record.Proof)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, size, root, record.Index, leaf[0]); err != nil {
			return err
		}
	}
	oldRoot, err := toHashes([][]byte{c.OldRoot})
	if err != nil {
		return err
	}
	growth, err := toHashes(c.Growth)
	if err != nil {
		return err
	}
	return tlog.CheckTree(growth, size, root, c.OldSize, oldRoot[0])
}

func verifyCheckpoint(c claim) (int64, tlog.Hash, error) {
	data, err := os.ReadFile(filepath.Join(c.Folder, "checkpoint"))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	var verifiers []note.Verifier
	own, err := note.NewVerifier(c.Log)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	for _, vkey := range c.Witnesses {
		// Cosignatures are C2SP's own algorithm, which the x/mod package leaves to others.
		verifier, err := keys.NewVerifierForCosignatureV1(vkey)
		if err != nil {
			return 0, tlog.Hash{}, err
		}
		verifiers = append(verifiers, verifier)
	}
	opened, err := note.Open(data, note.VerifierList(append(verifiers, own)...))
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	if len(opened.Sigs) != len(verifiers)+1 {
		return 0, tlog.Hash{}, fmt.Errorf("%d of %d signatures", len(opened.Sigs), len(verifiers)+1)
	}
	checkpoint, _, _, err := checkpoints.ParseCheckpoint(data, c.Origin, own, verifiers...)
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	root, err := toHashes([][]byte{checkpoint.Hash})
	if err != nil {
		return 0, tlog.Hash{}, err
	}
	return int64(checkpoint.Size), root[0], nil
}

// verifyBundle compares the entries of one bundle with the leaf hashes that the tiles prove.
func verifyBundle(folder string, hashes tlog.HashReader, size, index int64) error {
	first, width := index*tileWidth, min(tileWidth, size-index*tileWidth)
	path := strings.Replace(tilePath(tlog.Tile{H: tileHeight, N: index, W: int(width)}), "tile/0/", "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(folder, path))
	if err != nil {
		return err
	}
	wanted := make([]int64, width)
	for at := range wanted {
		wanted[at] = tlog.StoredHashIndex(0, first+int64(at))
	}
	leaves, err := hashes.ReadHashes(wanted)
	if err != nil {
		return err
	}
	for _, leaf := range leaves {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return errors.New("a bundle is cut short")
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		if tlog.RecordHash(data[2:end]) != leaf {
			return errors.New("an entry is not the one that was hashed")
		}
		data = data[end:]
	}
	if len(data) > 0 {
		return errors.New("a bundle has more entries than its width says")
	}
	return nil
}

// tiles reads a C2SP folder, whose paths lack the height that Go's have.
type tiles struct{ folder string }

func tilePath(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
}

func (t tiles) Height() int { return tileHeight }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for at, tile := range wanted {
		var err error
		if data[at], err = os.ReadFile(filepath.Join(t.folder, tilePath(tile))); err != nil {
			return nil, err
		}
	}
	return data, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func toHashes(rows [][]byte) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(rows))
	for at, row := range rows {
		if copy(hashes[at][:], row) != tlog.HashSize || len(row) != tlog.HashSize {
			return nil, errors.New("a hash does not have 32 bytes")
		}
	}
	return hashes, nil
}

func main() {
	output := bufio.NewWriter(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, maxLineBytes)
	for lines.Scan() {
		var c claim
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			log.Fatal(err)
		}
		if verify(c) == nil {
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
