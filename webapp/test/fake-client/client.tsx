// A small Mattermost client: one channel, its threads, and the places where plugins appear.
//
// For plugins it is like the real client: the globals, the registry, the state, the websocket events, the headers of
// posts, and the labels of plugins' buttons. Three behaviors of the real client are easy to miss:
// - An ephemeral post has the type `system_ephemeral`. A plugin renders such a post if `props.type` is one of the
//   plugin's types, and the client renders `props.attachments` below.
// - A stored post of a plugin's type is rendered by the plugin alone.
// - While the app bar is on, a plugin that registered both buttons has only the one in the app bar.
import type {Post} from '@mattermost/types/posts';
import React from 'react';
import {FormattedMessage, IntlProvider} from 'react-intl';
import {Provider, useSelector} from 'react-redux';

import type {State} from '../../src/mattermost';
import {currentUser} from '../../src/selectors';
import {Attachments, Formatted} from './attachments';
import type {RegisteredParts} from './registry';
import {type FakeStore, makeChannel} from './store';
import {UserSettingsDialog} from './user-settings';

const {createRoot} = (
    window as unknown as {
        fakeClient: {
            createRoot(container: Element): {
                render(element: React.ReactElement): void;
                unmount(): void;
            };
        };
    }
).fakeClient;

/** Renders an element. Returns a function that removes it. */
export function render(element: React.ReactElement, container: Element): () => void {
    const root = createRoot(container);
    root.render(element);
    return () => root.unmount();
}

function useLocale(): string {
    return useSelector((state: State) => currentUser(state)?.locale) || 'en';
}

/** The providers around every component. */
export function Providers({
    store,
    parts,
    children,
}: {
    store: FakeStore;
    parts: RegisteredParts;
    children: React.ReactNode;
}) {
    return (
        <Provider store={store}>
            <PartsContext.Provider value={parts}>
                <LanguageProvider parts={parts}>{children}</LanguageProvider>
            </PartsContext.Provider>
        </Provider>
    );
}

function LanguageProvider({parts, children}: {parts: RegisteredParts; children: React.ReactNode}) {
    const locale = useLocale();
    const messages = React.useMemo(() => parts.translations?.(locale) ?? {}, [parts, locale]);
    return (
        <IntlProvider locale={locale} messages={messages} onError={() => undefined}>
            {children}
        </IntlProvider>
    );
}

/** The name that the client gives a button of a plugin. */
function useLabel(tooltip: React.ReactNode): string {
    const locale = useLocale();
    const parts = React.useContext(PartsContext);
    if (typeof tooltip === 'string') {
        return tooltip;
    }
    if (React.isValidElement(tooltip) && tooltip.type === FormattedMessage) {
        const {id, defaultMessage} = tooltip.props as {id: string; defaultMessage: string};
        return parts?.translations?.(locale)[id] ?? defaultMessage;
    }
    return '';
}

const PartsContext = React.createContext<RegisteredParts | undefined>(undefined);

function HeaderButton({
    button,
    channelId,
}: {
    button: RegisteredParts['headerButtons'][number];
    channelId: string;
}) {
    const label = useLabel(button.tooltip);
    return (
        <button
            type="button"
            className="channel-header__icon"
            aria-label={label}
            onClick={() => button.action(makeChannel(channelId))}
        >
            {button.icon}
        </button>
    );
}

function AppBarButton({
    button,
    channelId,
}: {
    button: RegisteredParts['appBarButtons'][number];
    channelId: string;
}) {
    const label = useLabel(button.tooltip);
    const click = () =>
        channelId === '' ? button.action() : button.action(makeChannel(channelId));
    return (
        <div className="app-bar__icon" id="app-bar-icon-zoom" onClick={click} title={label}>
            <div role="button" tabIndex={0} className="app-bar__icon-inner">
                <img src={button.iconUrl} alt="zoom" />
            </div>
        </div>
    );
}

/**
 * A post with its author, rendered by the plugin if the plugin registered the type of the post. In the compact display,
 * the client does not say that an ephemeral post is visible only to its reader.
 */
export function PostView({
    post,
    isRHS,
    isCompact = false,
}: {
    post: Post;
    isRHS?: boolean;
    isCompact?: boolean;
}) {
    const parts = React.useContext(PartsContext);
    const author = useSelector((state: State) => state.entities?.users?.profiles?.[post.user_id]);
    const type = typeof post.props?.type === 'string' ? post.props.type : post.type;
    const Body = parts?.postTypes.get(type);
    const isPluginPost = parts?.postTypes.has(post.type) ?? false;
    const isSystem = post.type.startsWith('system_');
    return (
        <li
            className={['post', isSystem && 'post--system', isCompact && 'post--compact']
                .filter(Boolean)
                .join(' ')}
            data-post-id={post.id}
            data-type={type}
        >
            <div className="post__avatar" aria-hidden="true">
                {(author?.username ?? '?').charAt(0).toUpperCase()}
            </div>
            <div className="post__content">
                <div className="post__header">
                    <strong>{author?.username ?? post.user_id}</strong>
                    {post.type === 'system_ephemeral' && !isCompact && (
                        <small> (Only visible to you)</small>
                    )}
                </div>
                <div className="post__body">
                    {Body ? (
                        <Body post={post} compactDisplay={isCompact} isRHS={isRHS ?? false} />
                    ) : (
                        <Formatted text={post.message} />
                    )}
                    {!isPluginPost && <Attachments post={post} />}
                </div>
            </div>
        </li>
    );
}

function sortedByTime(posts: Record<string, Post> | undefined): Post[] {
    const sorted = Object.values(posts ?? {});
    sorted.sort((a, b) => a.create_at - b.create_at);
    return sorted;
}

/** The whole client. `onSubmit` sends the text of the input. */
export function Client({
    parts,
    channelId,
    channelName,
    appBar = true,
    onSubmit,
}: {
    parts: RegisteredParts;
    channelId: string;
    channelName: string;
    /** Whether the app bar is on. It is on unless an administrator turns it off. */
    appBar?: boolean;
    onSubmit: (text: string, rootId: string) => void;
}) {
    const posts = sortedByTime(useSelector((state: State) => state.entities?.posts?.posts));
    const threadId = useSelector((state: State) => state.views?.rhs?.selectedPostId ?? '');
    const [text, setText] = React.useState('');
    const [isInSettings, setInSettings] = React.useState(false);
    const channelPosts = posts.filter((post) => post.channel_id === channelId);
    return (
        <>
            <header className="channel-header">
                <h1 className="page-title">Client</h1>
                <strong role="heading" aria-level={2}>
                    {channelName || 'Threads'}
                </strong>
                {channelId !== '' &&
                    !(appBar && parts.appBarButtons.length > 0) &&
                    parts.headerButtons.map((button, index) => (
                        <HeaderButton key={index} button={button} channelId={channelId} />
                    ))}
            </header>
            <main className="center">
                <ol aria-label="Posts">
                    {channelPosts
                        .filter((post) => post.root_id === '')
                        .map((post) => (
                            <PostView key={post.id} post={post} />
                        ))}
                </ol>
                <form
                    onSubmit={(event) => {
                        event.preventDefault();
                        onSubmit(text, '');
                        setText('');
                    }}
                >
                    <input
                        aria-label="Write"
                        value={text}
                        onChange={(event) => setText(event.target.value)}
                    />
                </form>
            </main>
            {threadId !== '' && (
                <aside className="thread" aria-label="Thread">
                    <ol aria-label="Replies">
                        {posts
                            .filter((post) => post.id === threadId || post.root_id === threadId)
                            .map((post) => (
                                <PostView key={post.id} post={post} isRHS={true} />
                            ))}
                    </ol>
                </aside>
            )}
            {appBar && (
                <nav className="app-bar" aria-label="Apps">
                    {parts.appBarButtons.map((button, index) => (
                        <AppBarButton key={index} button={button} channelId={channelId} />
                    ))}
                </nav>
            )}
            {parts.roots.map((Root, index) => (
                <Root key={index} />
            ))}
            {parts.userSettings && (
                <footer>
                    <button type="button" onClick={() => setInSettings(true)}>
                        Settings
                    </button>
                </footer>
            )}
            {isInSettings && (
                <UserSettingsDialog parts={parts} onClose={() => setInSettings(false)} />
            )}
        </>
    );
}

/** Posts alone, for the gallery and the benchmarks. */
export function Posts({posts, isCompact = false}: {posts: Post[]; isCompact?: boolean}) {
    return (
        <ol aria-label="Posts">
            {posts.map((post) => (
                <PostView key={post.id} post={post} isCompact={isCompact} />
            ))}
        </ol>
    );
}
