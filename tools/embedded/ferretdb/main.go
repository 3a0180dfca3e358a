// Command ferretdb serves MongoDB's wire protocol from SQLite files, for development and tests only.
//
// FerretDB's own command expects files of its release process and panics when it is built as a dependency, so this one
// uses its embeddable package. It stops on SIGTERM and SIGINT, and, when -exit-with-stdin is given, as soon as its
// standard input closes: the parent holds the other end, so the server cannot outlive a parent that was killed.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:27018", "address and port to listen on")
	data := flag.String("data", "", "folder of the SQLite files, made if missing")
	exitWithStdin := flag.Bool("exit-with-stdin", false, "stop when standard input closes")
	flag.Parse()
	if *data == "" {
		fail("-data is missing: name the folder that keeps the database", nil)
	}
	folder, err := filepath.Abs(*data)
	if err != nil {
		fail("cannot resolve -data", err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		fail("cannot make the data folder", err)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *exitWithStdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin)
			stop()
		}()
	}

	// Warnings would print whole replies, and with them what visitors wrote.
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	server, err := ferretdb.New(&ferretdb.Config{
		Listener: ferretdb.ListenerConfig{TCP: *listen},
		Handler:  "sqlite",
		// Otherwise each write waits for the disk, and all others for it. A killed process loses nothing; a power cut can
		// lose the last moments.
		SQLiteURL: "file:" + filepath.ToSlash(folder) + "/?_pragma=synchronous(normal)",
		Logger:    logger,
	})
	if err != nil {
		fail("cannot start", err)
	}
	if err := server.Run(ctx); err != nil {
		fail("stopped", err)
	}
}

func fail(what string, err error) {
	if err != nil {
		what += ": " + err.Error()
	}
	_, _ = os.Stderr.WriteString("ferretdb: " + what + "\n")
	os.Exit(1)
}
