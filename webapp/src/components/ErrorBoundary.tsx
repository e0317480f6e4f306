import React from 'react';

interface Props {
    /** The text to show if the children throw. */
    fallback: string;
    children: React.ReactNode;
}

/**
 * Renders the children, or only a text if they throw, so that one bad post does not break the channel. React has
 * no hook for this.
 */
export class ErrorBoundary extends React.Component<Props, {failed: boolean}> {
    override state = {failed: false};

    static getDerivedStateFromError() {
        return {failed: true};
    }

    override render() {
        return this.state.failed ? <p>{this.props.fallback}</p> : this.props.children;
    }
}
