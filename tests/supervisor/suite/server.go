package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mattermost/mattermost/server/public/model"
	"github.com/mattermost/mattermost/server/public/plugin"
)

// A server version without audit records: the older library does not have them. The host writes log lines instead.
const beforeAuditRecords = "10.9.0"

// server is a Mattermost server in memory: users, channels, posts, a key-value store with expiry and compare-and-set,
// and a record of the plugin's calls. A call of a method that it does not implement panics; the stack trace has the
// name of the method.
type server struct {
	plugin.API

	mutex      sync.Mutex
	bundle     string
	settings   map[string]any
	users      map[string]*model.User
	channels   map[string]*model.Channel
	members    map[[2]string]bool
	posts      map[string]*model.Post
	ephemeral  []*model.Post
	events     []string
	commands   map[string]*model.Command
	images     map[string][]byte
	values     map[string]value
	logs       []string
	preference map[[3]string]string
}

type value struct {
	bytes   []byte
	expires time.Time
}

func newServer(settings map[string]any) *server {
	return &server{
		settings:   settings,
		users:      map[string]*model.User{},
		channels:   map[string]*model.Channel{},
		members:    map[[2]string]bool{},
		posts:      map[string]*model.Post{},
		commands:   map[string]*model.Command{},
		images:     map[string][]byte{},
		values:     map[string]value{},
		preference: map[[3]string]string{},
	}
}

// addUserInChannel adds a user and a public channel with this user as a member.
func (s *server) addUserInChannel(name string) (userID, channelID string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	user := &model.User{Id: model.NewId(), Username: name, Email: name + "@example.com", EmailVerified: true, Roles: "system_user", Locale: "en"}
	channel := &model.Channel{Id: model.NewId(), TeamId: model.NewId(), Type: model.ChannelTypeOpen, Name: name}
	s.users[user.Id] = user
	s.channels[channel.Id] = channel
	s.members[[2]string{channel.Id, user.Id}] = true
	return user.Id, channel.Id
}

func (s *server) configure(settings map[string]any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.settings = settings
}

// logged returns the log lines that the plugin has written with the API.
func (s *server) logged() []string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.logs)
}

func notFound(what string) *model.AppError {
	return model.NewAppError("suite", "suite.not_found", nil, what, http.StatusNotFound)
}

func (s *server) LoadPluginConfiguration(dest any) error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	encoded, err := json.Marshal(s.settings)
	if err != nil {
		return err
	}
	return json.Unmarshal(encoded, dest)
}

func (s *server) GetConfig() *model.Config {
	config := &model.Config{}
	config.SetDefaults()
	config.ServiceSettings.SiteURL = pointer("https://chat.example.com")
	return config
}

func (s *server) GetUnsanitizedConfig() *model.Config            { return s.GetConfig() }
func (s *server) GetServerVersion() string                       { return beforeAuditRecords }
func (s *server) GetLicense() *model.License                     { return nil }
func (s *server) GetBundlePath() (string, error)                 { return s.bundle, nil }
func (s *server) UnregisterCommand(_, _ string) error            { return nil }
func (s *server) GetSystemInstallDate() (int64, *model.AppError) { return 1, nil }

func (s *server) GetUser(id string) (*model.User, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if user, ok := s.users[id]; ok {
		return user, nil
	}
	return nil, notFound("user")
}

func (s *server) GetUserByUsername(name string) (*model.User, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, user := range s.users {
		if user.Username == name {
			return user, nil
		}
	}
	return nil, notFound("user")
}

func (s *server) GetChannel(id string) (*model.Channel, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if channel, ok := s.channels[id]; ok {
		return channel, nil
	}
	return nil, notFound("channel")
}

func (s *server) GetChannelMember(channelID, userID string) (*model.ChannelMember, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.members[[2]string{channelID, userID}] {
		return &model.ChannelMember{ChannelId: channelID, UserId: userID}, nil
	}
	return nil, notFound("member")
}

func (s *server) HasPermissionTo(userID string, _ *model.Permission) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	user, ok := s.users[userID]
	return ok && user.IsSystemAdmin()
}

func (s *server) HasPermissionToChannel(userID, channelID string, _ *model.Permission) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.members[[2]string{channelID, userID}]
}

func (s *server) GetPreferenceForUser(userID, category, name string) (model.Preference, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if text, ok := s.preference[[3]string{userID, category, name}]; ok {
		return model.Preference{UserId: userID, Category: category, Name: name, Value: text}, nil
	}
	return model.Preference{}, notFound("preference")
}

func (s *server) DeletePreferencesForUser(userID string, preferences []model.Preference) *model.AppError {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, preference := range preferences {
		delete(s.preference, [3]string{userID, preference.Category, preference.Name})
	}
	return nil
}

func (s *server) EnsureBotUser(bot *model.Bot) (string, error) {
	if user, err := s.GetUserByUsername(bot.Username); err == nil {
		return user.Id, nil
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	id := model.NewId()
	s.users[id] = &model.User{Id: id, Username: bot.Username, IsBot: true, Roles: "system_user"}
	return id, nil
}

func (s *server) GetBot(userID string, includeDeleted bool) (*model.Bot, *model.AppError) {
	return &model.Bot{UserId: userID, OwnerId: userID}, nil
}

func (s *server) SetProfileImage(userID string, data []byte) *model.AppError {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.images[userID] = data
	return nil
}

func (s *server) RegisterCommand(command *model.Command) error {
	if command.Trigger == "" {
		return errors.New("a command needs a trigger")
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.commands[command.Trigger] = command
	return nil
}

func (s *server) command(trigger string) *model.Command {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.commands[trigger]
}

func (s *server) CreatePost(post *model.Post) (*model.Post, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, ok := s.channels[post.ChannelId]; !ok {
		return nil, notFound("channel")
	}
	post = post.Clone()
	post.Id = model.NewId()
	if post.CreateAt == 0 {
		post.CreateAt = model.GetMillis()
	}
	post.UpdateAt = post.CreateAt
	s.posts[post.Id] = post
	return post.Clone(), nil
}

func (s *server) GetPost(id string) (*model.Post, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if post, ok := s.posts[id]; ok {
		return post.Clone(), nil
	}
	return nil, notFound("post")
}

func (s *server) UpdatePost(post *model.Post) (*model.Post, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if _, ok := s.posts[post.Id]; !ok {
		return nil, notFound("post")
	}
	post = post.Clone()
	post.UpdateAt = model.GetMillis()
	s.posts[post.Id] = post
	return post.Clone(), nil
}

func (s *server) GetPostsSince(channelID string, since int64) (*model.PostList, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	list := model.NewPostList()
	for _, post := range s.posts {
		if post.ChannelId == channelID && post.UpdateAt > since {
			list.AddPost(post.Clone())
			list.AddOrder(post.Id)
		}
	}
	list.SortByCreateAt()
	return list, nil
}

func (s *server) SendEphemeralPost(_ string, post *model.Post) *model.Post {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	post = post.Clone()
	post.Id = model.NewId()
	s.ephemeral = append(s.ephemeral, post)
	return post.Clone()
}

func (s *server) UpdateEphemeralPost(user string, post *model.Post) *model.Post {
	return s.SendEphemeralPost(user, post)
}

func (s *server) PublishWebSocketEvent(event string, _ map[string]any, _ *model.WebsocketBroadcast) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.events = append(s.events, event)
}

func (s *server) log(level, message string, pairs []any) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.logs = append(s.logs, level+" "+message+" "+fmt.Sprint(pairs...))
}

func (s *server) LogDebug(message string, pairs ...any) { s.log("debug", message, pairs) }
func (s *server) LogInfo(message string, pairs ...any)  { s.log("info", message, pairs) }
func (s *server) LogWarn(message string, pairs ...any)  { s.log("warn", message, pairs) }
func (s *server) LogError(message string, pairs ...any) { s.log("error", message, pairs) }

// stored returns a value that has not expired. The caller holds the mutex.
func (s *server) stored(key string) []byte {
	found, ok := s.values[key]
	if !ok || (!found.expires.IsZero() && time.Now().After(found.expires)) {
		return nil
	}
	return found.bytes
}

func (s *server) KVGet(key string) ([]byte, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.stored(key)), nil
}

func (s *server) KVSetWithOptions(key string, fresh []byte, options model.PluginKVSetOptions) (bool, *model.AppError) {
	if err := options.IsValid(); err != nil {
		return false, err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if options.Atomic && !bytes.Equal(s.stored(key), options.OldValue) {
		return false, nil
	}
	if len(fresh) == 0 {
		delete(s.values, key)
		return true, nil
	}
	entry := value{bytes: slices.Clone(fresh)}
	if options.ExpireInSeconds > 0 {
		entry.expires = time.Now().Add(time.Duration(options.ExpireInSeconds) * time.Second)
	}
	s.values[key] = entry
	return true, nil
}

func (s *server) KVSet(key string, fresh []byte) *model.AppError {
	_, err := s.KVSetWithOptions(key, fresh, model.PluginKVSetOptions{})
	return err
}

func (s *server) KVSetWithExpiry(key string, fresh []byte, seconds int64) *model.AppError {
	_, err := s.KVSetWithOptions(key, fresh, model.PluginKVSetOptions{ExpireInSeconds: seconds})
	return err
}

func (s *server) KVCompareAndSet(key string, old, fresh []byte) (bool, *model.AppError) {
	return s.KVSetWithOptions(key, fresh, model.PluginKVSetOptions{Atomic: true, OldValue: old})
}

func (s *server) KVCompareAndDelete(key string, old []byte) (bool, *model.AppError) {
	return s.KVSetWithOptions(key, nil, model.PluginKVSetOptions{Atomic: true, OldValue: old})
}

func (s *server) KVDelete(key string) *model.AppError { return s.KVSet(key, nil) }

func (s *server) KVList(page, perPage int) ([]string, *model.AppError) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	keys := make([]string, 0, len(s.values))
	for key := range s.values {
		if s.stored(key) != nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	from := min(page*perPage, len(keys))
	return keys[from:min(from+perPage, len(keys))], nil
}

func pointer[T any](value T) *T { return &value }
