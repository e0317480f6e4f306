import type Module from 'react-dom';

export default (window as unknown as {ReactDOM: typeof Module}).ReactDOM;
