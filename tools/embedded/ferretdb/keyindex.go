package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite"
)

// FerretDB's index on _id is over an expression that its own queries do not have (`->"_id"` where they say `->'$._id'`), so each
// read by _id goes through the whole collection. A second index, over what the queries say, makes it the quick read that it is in
// MongoDB. It is made as soon as a collection is there, and for those of an earlier start with its first change.
type keyIndexes struct {
	folder string
	mutex  sync.Mutex
	known  map[string]bool
}

// after looks at a request that has been answered: it may have made a collection.
func (k *keyIndexes) after(request []byte) {
	command, database, collection := target(request)
	if command == "drop" || command == "dropDatabase" {
		k.mutex.Lock()
		defer k.mutex.Unlock()
		clear(k.known)
		return
	}
	// FerretDB takes no other names for files.
	if database == "" || collection == "" || database != filepath.Base(database) {
		return
	}
	k.mutex.Lock()
	defer k.mutex.Unlock()
	name := database + "." + collection
	if k.known[name] {
		return
	}
	if err := k.make(database, collection); err == nil {
		k.known[name] = true
	}
}

// make fails when the collection is not there (yet).
func (k *keyIndexes) make(database, collection string) error {
	file := filepath.Join(k.folder, database+".sqlite")
	if _, err := os.Stat(file); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", "file:"+filepath.ToSlash(file)+"?_pragma=busy_timeout(10000)")
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	var table string
	row := db.QueryRowContext(ctx, `SELECT table_name FROM "_ferretdb_collections" WHERE name = ?`, collection)
	if err := row.Scan(&table); err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(
		`CREATE UNIQUE INDEX IF NOT EXISTS %q ON %q (_ferretdb_sjson->'$._id')`, table+"_by_id", table,
	))
	return err
}

// target gives command, database and collection of a request that may make or drop a collection; empty if it is none.
func target(message []byte) (command, database, collection string) {
	if !isMsg(message) {
		return "", "", ""
	}
	key, rest, _ := bytes.Cut(message[firstKeyStart:], []byte{0})
	command = string(key)
	switch command {
	case "drop", "dropDatabase":
		return command, "", ""
	case "insert", "update", "findAndModify", "findandmodify", "create", "createIndexes":
	default:
		return "", "", ""
	}
	_, named, _ := bytes.Cut(message, []byte("\x02$db\x00"))
	return command, text(named), text(rest)
}

// text reads a BSON string: its length with the zero at its end, then itself. Empty when it is none.
func text(from []byte) string {
	if len(from) < 5 {
		return ""
	}
	length := int64(binary.LittleEndian.Uint32(from))
	if length < 1 || 4+length > int64(len(from)) {
		return ""
	}
	return string(from[4 : 4+length-1])
}
