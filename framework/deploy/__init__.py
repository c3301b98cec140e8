"""From a compiled pipeline to SageMaker: plan, upload, create or update, start, follow. The only room that talks to AWS."""
