package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
)

// FerretDB reads a document, changes it and writes it back whole, with nothing to keep two such changes apart: of two
// updates of different fields of one document at the same time, one is lost. MongoDB promises that a change of one document
// is atomic, so the commands that change documents pass through here one at a time.
var oneWriter sync.Mutex

// MongoDB's wire protocol: 4 bytes of length, three more numbers, then the body. In OP_MSG the body is flags, a byte for
// the kind of the section, and a BSON document whose first key is the command.
const (
	headerLength  = 16
	longest       = 64 << 20
	opMsg         = 2013
	moreToCome    = 2
	firstKeyStart = headerLength + 4 + 1 + 4 + 1
)

// serve passes on what comes in on front to the server at address, until the context is done.
func serve(ctx context.Context, front net.Listener, address string, indexes *keyIndexes) {
	go func() {
		<-ctx.Done()
		_ = front.Close()
	}()
	for {
		client, err := front.Accept()
		if err != nil {
			return
		}
		go func() {
			defer func() { _ = client.Close() }()
			server, err := net.Dial("tcp", address)
			if err != nil {
				return
			}
			defer func() { _ = server.Close() }()
			for pass(client, server, indexes) == nil {
			}
		}()
	}
}

// pass takes one request to the server and its answer back.
func pass(client, server net.Conn, indexes *keyIndexes) error {
	request, err := readMessage(client)
	if err != nil {
		return err
	}
	answer, err := ask(server, request, indexes)
	if err != nil {
		return err
	}
	_, err = client.Write(answer)
	return err
}

// ask gives the server's answer to a request; empty when it asks for none.
func ask(server net.Conn, request []byte, indexes *keyIndexes) ([]byte, error) {
	if changes(request) {
		oneWriter.Lock()
		defer oneWriter.Unlock()
	}
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if isMsg(request) && binary.LittleEndian.Uint32(request[headerLength:])&moreToCome != 0 {
		return nil, nil
	}
	answer, err := readMessage(server)
	if err == nil {
		indexes.after(request)
	}
	return answer, err
}

func readMessage(from io.Reader) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(from, length[:]); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(length[:])
	if size < headerLength || size > longest {
		return nil, errors.New("a message of an impossible length")
	}
	message := make([]byte, size)
	copy(message, length[:])
	_, err := io.ReadFull(from, message[len(length):])
	return message, err
}

func isMsg(message []byte) bool {
	return len(message) > firstKeyStart && binary.LittleEndian.Uint32(message[12:]) == opMsg
}

// changes tells whether a request may change documents that are there already.
func changes(message []byte) bool {
	if !isMsg(message) {
		return false
	}
	key, _, _ := bytes.Cut(message[firstKeyStart:], []byte{0})
	switch string(key) {
	case "update", "findAndModify", "findandmodify", "delete", "insert":
		return true
	}
	return false
}
