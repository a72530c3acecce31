//go:build tools

// Package tools names the programs that `make cometbft` builds, so that go.mod and go.sum pin all that goes into them.
package tools

import (
	_ "github.com/cometbft/cometbft/abci/cmd/abci-cli"
	_ "github.com/cometbft/cometbft/cmd/cometbft"
	_ "github.com/cometbft/cometbft/test/loadtime/cmd/load"
	_ "github.com/cometbft/cometbft/test/loadtime/cmd/report"
)
