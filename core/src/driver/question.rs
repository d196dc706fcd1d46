//! A question that handles ask and the driver answers.
//!
//! It stands in a state that both share; the letter about that state says that there is one. One answer
//! is for all who have asked by then, and whoever gives up waiting takes nothing with them.

/// See the module.
#[derive(Debug)]
pub(super) struct Question<T> {
    asked: u64,
    answered: u64,
    answer: Option<T>,
}

impl<T: Copy> Question<T> {
    /// Asks; the ticket is for [`answer_to`](Self::answer_to).
    pub(super) const fn ask(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// Whether someone has asked since the last answer.
    pub(super) const fn is_open(&self) -> bool {
        self.asked > self.answered
    }

    /// Answers all who have asked: none if there is no answer any more.
    pub(super) const fn answer(&mut self, answer: Option<T>) {
        self.answered = self.asked;
        self.answer = answer;
    }

    /// The answer, or a later one, to whoever has the ticket.
    pub(super) fn answer_to(&self, ticket: u64) -> Option<Option<T>> {
        (self.answered >= ticket).then_some(self.answer)
    }
}

impl<T> Default for Question<T> {
    fn default() -> Self {
        Self { asked: 0, answered: 0, answer: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_for_all_who_have_asked() {
        let mut question = Question::default();
        assert!(!question.is_open());
        let (first, second) = (question.ask(), question.ask());
        assert!(question.is_open());
        assert_eq!(question.answer_to(first), None);
        question.answer(Some('a'));
        assert!(!question.is_open());
        let late = question.ask();
        assert_eq!(question.answer_to(first), Some(Some('a')));
        assert_eq!(question.answer_to(second), Some(Some('a')));
        assert_eq!(question.answer_to(late), None, "it may have changed since");
        question.answer(None);
        assert_eq!(question.answer_to(late), Some(None));
    }
}
