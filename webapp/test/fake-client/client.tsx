// A small Mattermost client: one channel, its threads, and the places where plugins appear.
//
// For plugins it is like the real client: the globals, the registry, the state, the websocket events, the headers of
// posts, and the labels of plugins' buttons. Three behaviors of the real client are easy to miss:
// - An ephemeral post has the type `system_ephemeral`. A plugin draws such a post if `props.type` is one of the
//   plugin's types, and the client draws `props.attachments` below.
// - A stored post of a plugin's type is drawn by the plugin alone.
// - While the app bar is on, a plugin that registered both buttons has only the one in the app bar.
import React from 'react';
import {FormattedMessage, IntlProvider} from 'react-intl';
import {Provider, useSelector} from 'react-redux';

import type {Post, State} from '../../src/mattermost';
import {currentUser} from '../../src/mattermost';
import {Attachments, Formatted} from './attachments';
import type {Registered} from './registry';
import type {makeStore} from './store';

const {createRoot} = (
    window as unknown as {
        fakeClient: {
            createRoot(into: Element): {
                render(element: React.ReactElement): void;
                unmount(): void;
            };
        };
    }
).fakeClient;

/** Draws an element. Returns a function that removes it. */
export function draw(element: React.ReactElement, into: Element): () => void {
    const root = createRoot(into);
    root.render(element);
    return () => root.unmount();
}

/** The providers around every component. */
export function Surroundings({
    store,
    registered,
    children,
}: {
    store: ReturnType<typeof makeStore>;
    registered: Registered;
    children: React.ReactNode;
}) {
    return (
        <Provider store={store}>
            <Language registered={registered}>{children}</Language>
        </Provider>
    );
}

function Language({registered, children}: {registered: Registered; children: React.ReactNode}) {
    const locale = useSelector((state: State) => currentUser(state)?.locale) || 'en';
    const messages = registered.translations?.(locale) ?? {};
    return (
        <IntlProvider locale={locale} messages={messages} onError={() => undefined}>
            {children}
        </IntlProvider>
    );
}

/** The name that the client gives a button of a plugin. */
function useLabel(tooltip: React.ReactNode): string {
    const locale = useSelector((state: State) => currentUser(state)?.locale) || 'en';
    const registered = React.useContext(RegisteredContext);
    if (typeof tooltip === 'string') {
        return tooltip;
    }
    if (React.isValidElement(tooltip) && tooltip.type === FormattedMessage) {
        const {id, defaultMessage} = tooltip.props as {id: string; defaultMessage: string};
        return registered?.translations?.(locale)[id] ?? defaultMessage;
    }
    return '';
}

const RegisteredContext = React.createContext<Registered | undefined>(undefined);

function HeaderButton({
    button,
    channelId,
}: {
    button: Registered['headerButtons'][number];
    channelId: string;
}) {
    const label = useLabel(button.tooltip);
    return (
        <button
            type="button"
            className="channel-header__icon"
            aria-label={label}
            onClick={() => button.action({id: channelId})}
        >
            {button.icon}
        </button>
    );
}

function AppBarButton({
    button,
    channelId,
}: {
    button: Registered['appBar'][number];
    channelId: string;
}) {
    const label = useLabel(button.tooltip);
    const click = () => (channelId === '' ? button.action() : button.action({id: channelId}));
    return (
        <div className="app-bar__icon" id="app-bar-icon-zoom" onClick={click} title={label}>
            <div role="button" tabIndex={0} className="app-bar__icon-inner">
                <img src={button.iconUrl} alt="zoom" />
            </div>
        </div>
    );
}

/** A post with its author, drawn by a plugin if one draws its type. */
export function PostView({post, isRHS}: {post: Post; isRHS?: boolean}) {
    const registered = React.useContext(RegisteredContext);
    const author = useSelector((state: State) => state.entities?.users?.profiles?.[post.user_id]);
    const type = typeof post.props?.type === 'string' ? post.props.type : post.type;
    const Body = registered?.postTypes.get(type);
    const isPlugins = registered?.postTypes.has(post.type) ?? false;
    const isSystem = post.type.startsWith('system_');
    return (
        <li
            className={isSystem ? 'post post--system' : 'post'}
            data-post-id={post.id}
            data-type={type}
        >
            <div className="post__avatar" aria-hidden="true">
                {(author?.username ?? '?').charAt(0).toUpperCase()}
            </div>
            <div className="post__content">
                <div className="post__header">
                    <strong>{author?.username ?? post.user_id}</strong>
                    {post.type === 'system_ephemeral' && <small> (Only visible to you)</small>}
                </div>
                <div className="post__body">
                    {Body ? (
                        <Body post={post} compactDisplay={false} isRHS={isRHS ?? false} />
                    ) : (
                        <Formatted text={post.message} />
                    )}
                    {!isPlugins && <Attachments post={post} />}
                </div>
            </div>
        </li>
    );
}

function inOrder(posts: Record<string, Post> | undefined): Post[] {
    const all = Object.values(posts ?? {});
    all.sort((a, b) => a.create_at - b.create_at);
    return all;
}

/** The whole client. `typed` sends the text of the input. */
export function Client({
    registered,
    channelId,
    channelName,
    appBar = true,
    typed,
}: {
    registered: Registered;
    channelId: string;
    channelName: string;
    /** Whether the app bar is on. It is on unless an administrator turns it off. */
    appBar?: boolean;
    typed: (text: string, rootId: string) => void;
}) {
    const posts = inOrder(useSelector((state: State) => state.entities?.posts?.posts));
    const thread = useSelector((state: State) => state.views?.rhs?.selectedPostId ?? '');
    const [text, setText] = React.useState('');
    const here = posts.filter((post) => post.channel_id === channelId);
    return (
        <RegisteredContext.Provider value={registered}>
            <header className="channel-header">
                <h1 className="page-title">Client</h1>
                <strong role="heading" aria-level={2}>
                    {channelName || 'Threads'}
                </strong>
                {channelId !== '' &&
                    !(appBar && registered.appBar.length > 0) &&
                    registered.headerButtons.map((button, index) => (
                        <HeaderButton key={index} button={button} channelId={channelId} />
                    ))}
            </header>
            <main className="center">
                <ol aria-label="Posts">
                    {here
                        .filter((post) => post.root_id === '')
                        .map((post) => (
                            <PostView key={post.id} post={post} />
                        ))}
                </ol>
                <form
                    onSubmit={(event) => {
                        event.preventDefault();
                        typed(text, '');
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
            {thread !== '' && (
                <aside className="thread" aria-label="Thread">
                    <ol aria-label="Replies">
                        {posts
                            .filter((post) => post.id === thread || post.root_id === thread)
                            .map((post) => (
                                <PostView key={post.id} post={post} isRHS={true} />
                            ))}
                    </ol>
                </aside>
            )}
            {appBar && (
                <nav className="app-bar" aria-label="Apps">
                    {registered.appBar.map((button, index) => (
                        <AppBarButton key={index} button={button} channelId={channelId} />
                    ))}
                </nav>
            )}
            {registered.roots.map((Root, index) => (
                <Root key={index} />
            ))}
        </RegisteredContext.Provider>
    );
}

/** Posts alone, for the gallery and for measuring. */
export function Posts({registered, posts}: {registered: Registered; posts: Post[]}) {
    return (
        <RegisteredContext.Provider value={registered}>
            <ol aria-label="Posts">
                {posts.map((post) => (
                    <PostView key={post.id} post={post} />
                ))}
            </ol>
        </RegisteredContext.Provider>
    );
}
