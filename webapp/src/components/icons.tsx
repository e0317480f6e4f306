import React from 'react';

/** The sparkles of Mattermost's AI features. */
export function SparklesIcon() {
    return (
        <svg className="zoom-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d="M6 2.5 7.4 6.6 11.5 8 7.4 9.4 6 13.5 4.6 9.4.5 8l4.1-1.4zM12.5 1l.7 1.8 1.8.7-1.8.7-.7 1.8-.7-1.8-1.8-.7 1.8-.7zM12.5 10.5l.6 1.4 1.4.6-1.4.6-.6 1.4-.6-1.4-1.4-.6 1.4-.6z" />
        </svg>
    );
}

/** A spinning circle for work in progress. */
export function Spinner() {
    return <span className="zoom-spinner" aria-hidden="true" />;
}
