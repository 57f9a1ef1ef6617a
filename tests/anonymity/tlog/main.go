// Reads a log that Openmai wrote with Go's own implementation, golang.org/x/mod/sumdb, and says what it found.
//
//	main FOLDER VKEY SIZE…
//
// FOLDER is laid out after C2SP tlog-tiles. The answer is JSON: the root at each SIZE, the proof that this tree grew
// into the whole one, and the inclusion proof of its last record. Every tile is checked on the way.
package main

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type answer struct {
	Origin string              `json:"origin"`
	Size   int64               `json:"size"`
	Roots  map[string]string   `json:"roots"`
	Grown  map[string][]string `json:"grown"`
	Last   map[string][]string `json:"last"`
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// folder gives tlog the tiles; its own paths name the height, which C2SP's do not.
type folder string

func (f folder) Height() int { return 8 }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		found = append(found, data)
	}
	return found, nil
}

func checkpoint(root, vkey string) (string, tlog.Tree) {
	verifier, err := note.NewVerifier(vkey)
	must(err)
	data, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	must(err)
	opened, err := note.Open(data, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	hash, err := tlog.ParseHash(lines[2])
	must(err)
	return lines[0], tlog.Tree{N: size, Hash: hash}
}

// records checks every entry of the entry tiles against its hash in the tree.
func records(root string, tree tlog.Tree, reader tlog.HashReader) {
	for first := int64(0); first < tree.N; first += 256 {
		width := tree.N - first
		if width > 256 {
			width = 256
		}
		path := (tlog.Tile{H: 8, L: 0, N: first / 256, W: int(width)}).Path()
		data, err := os.ReadFile(filepath.Join(root, strings.Replace(path, "tile/8/0/", "tile/entries/", 1)))
		must(err)
		var indexes []int64
		for at := first; at < first+width; at++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, at))
		}
		hashes, err := reader.ReadHashes(indexes)
		must(err)
		for at, hash := range hashes {
			length := int(binary.BigEndian.Uint16(data))
			if hash != tlog.RecordHash(data[2:2+length]) {
				must(fmt.Errorf("record %d has another hash", first+int64(at)))
			}
			data = data[2+length:]
		}
		if len(data) != 0 {
			must(fmt.Errorf("%s is longer than its records", path))
		}
	}
}

func show(hashes []tlog.Hash) []string {
	shown := []string{}
	for _, hash := range hashes {
		shown = append(shown, hex.EncodeToString(hash[:]))
	}
	return shown
}

func main() {
	root := os.Args[1]
	origin, tree := checkpoint(root, os.Args[2])
	reader := tlog.TileHashReader(tree, folder(root))
	hash, err := tlog.TreeHash(tree.N, reader)
	must(err)
	if hash != tree.Hash {
		must(fmt.Errorf("the tiles do not give the root"))
	}
	records(root, tree, reader)
	said := answer{origin, tree.N, map[string]string{}, map[string][]string{}, map[string][]string{}}
	for _, size := range os.Args[3:] {
		n, err := strconv.ParseInt(size, 10, 64)
		must(err)
		old, err := tlog.TreeHash(n, reader)
		must(err)
		grown, err := tlog.ProveTree(tree.N, n, reader)
		must(err)
		last, err := tlog.ProveRecord(tree.N, n-1, reader)
		must(err)
		said.Roots[size] = hex.EncodeToString(old[:])
		said.Grown[size] = show(grown)
		said.Last[size] = show(last)
	}
	must(json.NewEncoder(os.Stdout).Encode(said))
}
