package suite

import (
	"os"
	"strings"
	"testing"

	"github.com/mattermost/mattermost/server/public/shared/mlog"
)

// Main is the TestMain of the modules that compile the suite.
func Main(m *testing.M) {
	// The library logs to its global logger, which would write to standard output.
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
		t.Run("activates and registers its command and bot", activates)
		t.Run("hooks that are not implemented are not called", unimplementedHooksAreSkipped)
		t.Run("passes health checks", passesHealthChecks)
		t.Run("restarts as another process", restarts)
		t.Run("deactivates at once and leaves no files or processes", deactivatesAtOnce)
		t.Run("exits when the supervisor is killed", exitsWhenTheSupervisorIsKilled)
		t.Run("prints an explanation and exits if it is run by hand", explainsItself)
	})
	t.Run("plugin", func(t *testing.T) {
		t.Run("shows the help command only to the user", answersHelp)
		t.Run("starts with invalid settings and works after they are corrected", recoversFromWrongSettings)
		t.Run("responds to requests that it does not serve", answersRequestsItDoesNotServe)
		t.Run("rejects bodies over one mebibyte", rejectsLargeBodies)
		t.Run("serves its metrics", servesMetrics)
		t.Run("adds its diagnostics to a support packet", addsDiagnostics)
	})
	t.Run("http", func(t *testing.T) {
		t.Run("echoes 64 concurrent bodies of 900 kB", echoesManyLargeBodies)
		t.Run("answers 1000 requests, 200 at a time", answersAThousandRequests)
		t.Run("answers or rejects 1000 requests at the default limit", answersOrRejects)
		t.Run("requests without a body do not block other requests", survivesRequestsWithoutBodies)
		t.Run("delivers a response in parts", deliversParts)
		t.Run("survives clients that disconnect", survivesDisconnects)
		t.Run("serves a header that is not UTF-8", servesLatin1Headers)
	})
	t.Run("sandbox", func(t *testing.T) {
		t.Run("another component runs on the same host", anotherComponentRuns)
		t.Run("memory for all events is reserved at the start", reservesMemory)
		t.Run("a trap, an endless loop, and memory exhaustion fail only their event", failuresAreIsolated)
		t.Run("the policy is enforced", policyIsEnforced)
	})
	t.Run("endurance", func(t *testing.T) {
		t.Run("the plugin does not leak after 100000 mixed events", parallel(enduresAMixture))
		t.Run("the host does not leak after 100000 failing events", parallel(enduresFailures))
		t.Run("stays connected while idle for longer than a keepalive", parallel(staysConnectedWhileIdle))
	})
}

// parallel runs the tests of a group concurrently.
func parallel(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		test(t)
	}
}

// settings returns a valid configuration. The server stores keys in lower case.
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
