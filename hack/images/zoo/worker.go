// worker.go - a small service that starts programs and answers HTTP: `worker serve`, `worker exit STATUS`.
//
// Built three ways: static, linked with the C library, and position-independent without one.
package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func start(argv ...string) int {
	var ended *exec.ExitError
	command := exec.Command(argv[0], argv[1:]...)
	command.Stdout = os.Stdout
	err := command.Run()
	if errors.As(err, &ended) {
		return ended.ExitCode()
	}
	if err != nil {
		fmt.Println(err)
		return 127
	}
	return 0
}

func answer() {
	listener, err := net.Listen("tcp", ":8080")
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for {
		peer, err := listener.Accept()
		if err != nil {
			continue
		}
		go func() {
			defer peer.Close()
			_ = peer.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = peer.Read(make([]byte, 4096))
			fmt.Fprint(peer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nshop\n")
		}()
	}
}

func serve() {
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go answer()
	for {
		select {
		case <-end:
			return
		case <-time.After(2 * time.Second):
			start("tool", "0", "again")
		}
	}
}

func main() {
	cwd, _ := os.Getwd()
	fmt.Printf("uid %d gid %d cwd %s greeting %s\n", os.Getuid(), os.Getgid(), cwd, os.Getenv("GREETING"))
	for i, argument := range os.Args[1:] {
		fmt.Printf("argument %d is <%s>\n", i+1, argument)
	}
	fmt.Println("tool ended with", start("tool", "0", "one argument", "", "two"))
	fmt.Println("tool ended with", start("tool", "7"))
	if len(os.Args) < 2 || os.Args[1] == "serve" {
		serve()
		return
	}
	status := 0
	if len(os.Args) > 2 {
		status, _ = strconv.Atoi(os.Args[2])
	}
	os.Exit(status)
}
