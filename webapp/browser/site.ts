// The site under test: a real Mattermost server with the plugin on it, and a stand-in for Zoom.
//
// A program of the project's own starts them and takes orders (tests/src/bin/serve-site.rs).
import {spawn, type ChildProcess} from 'node:child_process';
import {createInterface, type Interface} from 'node:readline';

/** Somebody with an account, in a room. */
export interface Person {
    name: string;
    password: string;
    id: string;
    team: string;
    channel: string;
}

/** Takes orders until it is closed. */
export class Site {
    url = '';
    zoom = '';
    private readonly waiting: ((line: string) => void)[] = [];
    private readonly lines: Interface;

    private constructor(private readonly child: ChildProcess) {
        if (!child.stdout) {
            throw new Error('the site has no output');
        }
        this.lines = createInterface({input: child.stdout});
        this.lines.on('line', (line) => this.waiting.shift()?.(line));
        child.on('exit', (code) => {
            const gone = JSON.stringify({error: `the site ended with ${code}`});
            this.waiting.splice(0).forEach((take) => take(gone));
        });
    }

    /** Starts everything. */
    static async start(): Promise<Site> {
        const program = process.env.SERVE_SITE;
        if (!program) {
            throw new Error('SERVE_SITE is not set: run `cargo xtask browser`, which sets it');
        }
        const site = new Site(spawn(program, {stdio: ['pipe', 'pipe', 'inherit']}));
        const told = (await site.next()) as {url: string; zoom: string};
        site.url = told.url;
        site.zoom = told.zoom;
        return site;
    }

    /** Gives an order. */
    order<T>(what: string, fields: object = {}): Promise<T> {
        const answer = this.next();
        this.child.stdin?.write(`${JSON.stringify({do: what, ...fields})}\n`);
        return answer as Promise<T>;
    }

    /** A new person, in a new room or in the one of somebody else. */
    person(fields: {connected?: boolean; beside?: string} = {}): Promise<Person> {
        return this.order<Person>('person', fields);
    }

    /** Ends everything. */
    async close(): Promise<void> {
        const ended = new Promise<void>((resolve) => this.child.once('exit', () => resolve()));
        this.child.stdin?.end();
        await ended;
    }

    private async next(): Promise<unknown> {
        const line = await new Promise<string>((resolve) => this.waiting.push(resolve));
        const answer = JSON.parse(line) as {ok?: unknown; error?: string};
        if (answer.error !== undefined) {
            throw new Error(answer.error);
        }
        return answer.ok;
    }
}
