DROP TABLE password_history;
DROP TABLE sign_in_failures;
