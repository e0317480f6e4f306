package suite

import (
	"os"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// Main is the TestMain of the modules that compile the suite.
func Main(m *testing.M) {
	// The library says a few things to its global logger, which would go to standard output.
	quiet, err := mlog.NewLogger()
	if err != nil {
		panic(err)
	}
	mlog.InitGlobalLogger(quiet)
	if folder := os.Getenv(childFolder); folder != "" {
		superviseUntilKilled(folder)
	}
	os.Exit(m.Run())
}

// Run is the one test of the modules that compile the suite.
func Run(t *testing.T) {
	t.Run("lifecycle", func(t *testing.T) {
		t.Run("activates under the supervisor and registers its command and bot", activates)
		t.Run("hooks that are not implemented are not called", unimplementedHooksAreSkipped)
		t.Run("passes health checks", passesHealthChecks)
		t.Run("restarts as another process", restarts)
		t.Run("deactivates at once and leaves nothing behind", deactivatesAtOnce)
		t.Run("exits when the supervisor is killed", exitsWhenTheSupervisorIsKilled)
		t.Run("run by hand it explains itself and exits", explainsItself)
	})
	t.Run("plugin", func(t *testing.T) {
		t.Run("answers its help command to the user alone", answersHelp)
		t.Run("starts with wrong settings and works once they are corrected", recoversFromWrongSettings)
		t.Run("answers requests it does not serve", answersRequestsItDoesNotServe)
		t.Run("refuses bodies over one mebibyte", refusesLargeBodies)
		t.Run("tells its metrics", tellsItsMetrics)
		t.Run("adds its diagnostics to a support packet", addsDiagnostics)
	})
	t.Run("wire", func(t *testing.T) {
		t.Run("echoes 64 bodies of 900 kB at once", echoesManyLargeBodies)
		t.Run("answers 1000 requests, 200 at a time", answersAThousandRequests)
		t.Run("answers or turns away 1000 requests at the default limit", answersOrTurnsAway)
		t.Run("strangers who send nothing keep nobody from an answer", strangersKeepNobodyOut)
		t.Run("delivers a response in pieces", deliversPieces)
		t.Run("is not disturbed by a client that goes away", survivesGoneClients)
		t.Run("serves a header that is not UTF-8", servesLatin1Headers)
	})
	t.Run("sandbox", func(t *testing.T) {
		t.Run("another component runs on the same host", anotherComponentRuns)
		t.Run("room for all events is set aside at the start", setsRoomAside)
		t.Run("a trap, a loop and a hoard cost one event each", misbehaviourCostsOneEvent)
		t.Run("what policy forbids is refused", policyIsEnforced)
	})
	t.Run("endurance", func(t *testing.T) {
		t.Run("the plugin holds no more after 100000 mixed events", beside(enduresAMixture))
		t.Run("the host holds no more after 100000 events of every misfortune", beside(enduresMisfortune))
		t.Run("stays connected while idle for longer than a keepalive", beside(staysConnectedWhileIdle))
	})
}

// beside lets the tests of one group run at the same time.
func beside(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		test(t)
	}
}

// settings are a valid configuration, with keys in lower case as the server keeps them.
func settings() map[string]any {
	return map[string]any{
		"oauthclientid":     "client-id",
		"oauthclientsecret": "client-secret",
		"encryptionkey":     strings.Repeat("k", 32),
		"webhooksecret":     strings.Repeat("w", 32),
		"zoomwebhooksecret": "webhook-token",
		"accountlevelapp":   false,
	}
}
