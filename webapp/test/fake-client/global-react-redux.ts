import type * as Module from 'react-redux';

export const {Provider, useSelector, useStore} = (window as unknown as {ReactRedux: typeof Module})
    .ReactRedux;
