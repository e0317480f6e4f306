package v017

import (
	"testing"

	"supervisor/suite"
)

func TestMain(m *testing.M) { suite.Main(m) }

func Test(t *testing.T) { suite.Run(t) }
